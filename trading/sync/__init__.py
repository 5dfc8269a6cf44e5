"""Reading a server into our rows: what is there is the truth, here is its mirror."""
