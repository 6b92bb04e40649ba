//! What is wished for while something is under way: repeated and late events, operators, and lost memory.
