"""One planted bug for each invariant, put in from outside; each must be found out."""
