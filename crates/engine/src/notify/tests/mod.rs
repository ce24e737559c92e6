//! Through the engine, with a clock that is moved by hand.
