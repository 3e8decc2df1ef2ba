"""Tables as documents: for people in a terminal, a note or a notebook, and for programs."""
