//! Packages that nobody names: what scripts import.

#[cfg(not(feature = "detect"))]
mod absent;
#[cfg(feature = "detect")]
mod found;

#[cfg(not(feature = "detect"))]
pub(crate) use absent::{ARE_FOUND, add, of_modules};
#[cfg(feature = "detect")]
pub(crate) use found::{ARE_FOUND, add, of_modules};
