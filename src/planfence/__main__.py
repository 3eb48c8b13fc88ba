"""`python -m planfence`: the command, also if no script is on PATH."""

from planfence.entry import main

main()
