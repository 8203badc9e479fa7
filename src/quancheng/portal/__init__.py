"""The faces: shell, components, navigation, islands."""
