"""The authors' release, audited: what its small files prove, and a page that says so (`audit.audit`)."""
