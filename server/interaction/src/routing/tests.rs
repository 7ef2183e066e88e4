//! Stories of a whole contact centre: the core with an engine, a directory and desks that do what the real ones do.

mod bots;
mod chaos;
mod desks;
mod directory;
mod engine;
mod filing;
mod house;
mod link;
mod looking;
mod offering;
mod overseeing;
mod pairs;
mod passing;
mod people;
mod places;
mod presence;
mod queueing;
mod race;
mod reading;
mod restarting;
mod supervising;
mod taking;

use house::House;
