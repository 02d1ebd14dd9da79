"""`python -m common.cli`"""

import sys

from common.cli import main

if __name__ == "__main__":
    sys.exit(main())
