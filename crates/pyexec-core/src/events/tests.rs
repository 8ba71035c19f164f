//! Events on a scripted clock, from scripted answers.

mod live;
mod lossy;
mod polled;
mod script;
