//! What a Python script needs, and the environments that hold it.
#![forbid(unsafe_code)]

#[cfg(feature = "detect")]
mod archive_modules;
#[cfg(feature = "detect")]
mod detection;
#[cfg(feature = "detect")]
mod distributions;
#[cfg(feature = "detect")]
mod imports;
mod name;
mod policy;
mod python_version;
mod requirement;
mod requirements;
mod script_metadata;
#[cfg(feature = "detect")]
mod standard_library;

#[cfg(feature = "detect")]
pub use detection::{
    Detection, Detector, Distribution, LeftOutImport, LeftOutReason, MAX_DETECTED, Origin,
};
#[cfg(feature = "detect")]
pub use imports::{MAX_SOURCE_BYTES, MAX_SOURCES_BYTES};
pub use name::normalize;
pub use policy::{InvalidPattern, Policy, PolicyError, Refusal};
pub use python_version::{InvalidPythonVersion, PythonVersion};
pub use requirement::{MAX_REQUIREMENT_BYTES, Requirement, RequirementError};
pub use requirements::{
    MAX_REQUIREMENTS, MAX_REQUIREMENTS_BYTES, Requirements, RequirementsError, turns_detection_off,
};
pub use script_metadata::{MAX_SCRIPT_METADATA_BYTES, ScriptMetadata, ScriptMetadataError};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
