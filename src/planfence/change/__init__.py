"""What is judged: a staged tree, a commit, a merge, a range; hunks, messages, exact trees."""
