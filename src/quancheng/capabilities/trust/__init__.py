"""电子证照 Licences people hold: issued with a decision, shown in the wallet, verified by anybody."""
