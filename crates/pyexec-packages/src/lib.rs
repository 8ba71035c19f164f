//! What a Python script needs, and the environments that hold it.
#![forbid(unsafe_code)]

mod name;
mod requirement;
mod requirements;

pub use name::normalize;
pub use requirement::{MAX_REQUIREMENT_BYTES, Requirement, RequirementError};
pub use requirements::{
    MAX_REQUIREMENTS, MAX_REQUIREMENTS_BYTES, Requirements, RequirementsError, turns_detection_off,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
