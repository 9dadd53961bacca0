//! One binary for every test that needs more than one room.

mod carrier_client;
mod carrier_faults;
mod carrier_simulator;
mod store_suite;
mod support;
mod test_engine;
