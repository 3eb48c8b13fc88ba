"""`python -m planfence`: the command, also where no script is on PATH."""

from planfence.entry import main

main()
