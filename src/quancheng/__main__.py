"""``python -m quancheng`` is the ``quancheng`` command."""

from quancheng.cli import main

if __name__ == "__main__":
    main()
