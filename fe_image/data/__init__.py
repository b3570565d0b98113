"""From price files to the panel of common rows and the calendar grid."""
