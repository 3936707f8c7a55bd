"""What a record is checked for, one module a check: `check(record, known)` raises BadInput, or says why it could not look."""
