"""What a record is checked for, a module a check: `check(record, known)` raises BadInput or says why it could not look."""
