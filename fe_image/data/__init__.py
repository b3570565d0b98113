"""Price files, the panel of common rows, and the calendar grid."""
