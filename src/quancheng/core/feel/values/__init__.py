"""The values of FEEL beyond None, bool, str, Decimal, list and dict."""
