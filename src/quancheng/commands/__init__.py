"""The groups of the ``quancheng`` command, each imported when it is called."""
