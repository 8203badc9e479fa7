export function mount(): void { /* written below */ }
