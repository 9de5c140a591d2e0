//! Built programs, started and called like a user does.
