//! One binary for every test that needs more than one room.

mod agenda;
mod audit;
mod bench;
mod carrier_client;
mod carrier_faults;
mod carrier_simulator;
mod closure;
mod commands;
mod dialling;
mod kill;
mod notices;
mod opt_out;
mod plan_command;
mod planning;
mod privacy;
mod readme;
mod reasons;
mod reload;
mod serve;
mod services_command;
mod store_suite;
mod stories;
mod support;
mod test_engine;
mod trouble;
mod why;
