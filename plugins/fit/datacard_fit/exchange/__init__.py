"""Results of fits as documents and as files of Combine, and Combine's own results."""
