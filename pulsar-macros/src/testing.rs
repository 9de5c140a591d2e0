//! For the unit tests: expand a macro without a compiler, compare with a golden file, collect messages.
