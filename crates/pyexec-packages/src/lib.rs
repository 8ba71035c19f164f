//! What a Python script needs, and the environments that hold it.
//!
//! What is read here comes from strangers: requests, archives, scripts. So everything is bounded,
//! nothing that is read makes a panic or ends the process, and what is taken for a requirement can
//! be nothing else to an installer.
//!
//! Requirements are what the text of a file holds, what a single [`Requirement`] says, and what a
//! script's [metadata](ScriptMetadata) lists:
//!
//! ```
//! use pyexec_packages::{Requirement, Requirements, ScriptMetadata};
//!
//! let mut requirements = Requirements::parse("Requests[socks] >= 2.31\n")?;
//! requirements.add("numpy == 2.*".parse::<Requirement>()?)?;
//! let script = "# /// script\n# dependencies = ['rich']\n# ///\n";
//! if let Some(metadata) = ScriptMetadata::parse(script)? {
//!     requirements.merge(metadata.requirements())?;
//! }
//! assert_eq!(requirements.lines(), ["numpy==2.*", "requests[socks]>=2.31", "rich"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What isn't required can be detected (`Detector`) from what sources import, and a [`Policy`] says
//! what may be installed:
//!
#![cfg_attr(feature = "detect", doc = "```")]
#![cfg_attr(not(feature = "detect"), doc = "```ignore")]
//! use pyexec_packages::{Detector, Policy, PythonVersion};
//!
//! let policy = Policy::default().known_imports_only(true);
//! let detection = Detector::new(PythonVersion::new(3, 12))
//!     .policy(&policy)
//!     .detect([("main.py", "import cv2, unheard_of\n")]);
//! assert_eq!(detection.distributions()[0].name(), "opencv-python-headless");
//! assert_eq!(
//!     detection.left_out()[0].to_string(),
//!     "unheard_of isn't known here; require the distribution it is in"
//! );
//! ```
//!
//! Environments (`Environments`) hold what is required, made once by uv or pip:
//!
#![cfg_attr(all(unix, feature = "install"), doc = "```no_run")]
#![cfg_attr(not(all(unix, feature = "install")), doc = "```ignore")]
//! use pyexec_packages::{
//!     Environments, EnvironmentsOptions, InstallRequest, Installer, InstallerOptions, Python,
//!     Requirements,
//! };
//!
//! let environments = Environments::open("environments", EnvironmentsOptions::new())?;
//! let python = Python::probe("/usr/bin/python3.12")?;
//! let installer = Installer::find(&InstallerOptions::new(), &python)?;
//!
//! let requirements = Requirements::parse("colorama >= 0.4")?;
//! let request = InstallRequest::new(&installer, requirements.lines());
//! let environment = environments.obtain(&request, &mut |phase| println!("{phase:?}"))?;
//! println!("{}", environment.path().display());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! - `detect` (default): finds out what a script needs from what it imports.
//! - `install` (default, Unix): runs uv or pip, and keeps what they install.
#![forbid(unsafe_code)]

#[cfg(feature = "detect")]
mod archive_modules;
#[cfg(feature = "detect")]
mod detection;
#[cfg(feature = "detect")]
mod distributions;
#[cfg(feature = "detect")]
mod imports;
#[cfg(all(unix, feature = "install"))]
mod install;
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
#[cfg(all(unix, feature = "install"))]
pub use install::{
    Environment, Environments, EnvironmentsOptions, InstallError, InstallFailure, InstallRequest,
    Installer, InstallerOptions, Listed, Opened, Package, Phase, Prune, Pruned, Python,
};
pub use name::normalize;
pub use policy::{InvalidPattern, Policy, PolicyError, Refusal};
pub use python_version::{InvalidPythonVersion, PythonVersion};
pub use requirement::{MAX_REQUIREMENT_BYTES, Requirement, RequirementError};
pub use requirements::{
    MAX_REQUIREMENTS, MAX_REQUIREMENTS_BYTES, Requirements, RequirementsError, turns_detection_off,
};
pub use script_metadata::{MAX_SCRIPT_METADATA_BYTES, ScriptMetadata, ScriptMetadataError};

#[cfg(all(doctest, feature = "detect"))]
#[doc = include_str!("../README.md")]
struct Readme;
