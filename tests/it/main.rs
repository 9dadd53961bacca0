//! One binary for every test that needs more than one room.

mod carrier_client;
mod carrier_faults;
mod carrier_simulator;
mod test_engine;
