//! The application as a client sees it.
