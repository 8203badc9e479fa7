"""事项设计器: authors write, try and publish matters 事项 without programming."""
