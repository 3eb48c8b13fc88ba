"""`python -m planfence`: the command, also where no script is on PATH."""

from planfence.cli.main import main

main()
