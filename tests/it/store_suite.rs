//! One suite for every database: each story runs against SQLite in a file and against PostgreSQL.

/// Makes two tests of each story: one on SQLite, one on PostgreSQL.
macro_rules! on_both_stores {
    ($($story:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story(crate::store_suite::TestStore::sqlite().await).await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                if let Some(store) = crate::store_suite::TestStore::postgres().await {
                    super::$story(store).await;
                }
            })*
        }
    };
}

mod call;
mod changes;
mod closures;
mod dial;
mod facts;
mod feeds;
mod incoming;
mod intake;
mod lease;
mod lost;
mod migration;
mod opening;
mod opt_outs;
mod people;
mod plan;
mod reading;
mod replay;
mod rolling;
pub mod samples;
mod services;
mod touched;

use crate::support::postgres::fresh_database;
use callahead::store::{SharedStore, Store, open};
use std::ops::Deref;

/// An empty store of its own, with its schema; it goes when the test ends.
pub struct TestStore {
    store: SharedStore,
    url: String,
    folder: Option<tempfile::TempDir>,
}

impl TestStore {
    /// In a file.
    pub async fn sqlite() -> TestStore {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}/calls.db", folder.path().display());
        TestStore::at(url, Some(folder)).await
    }

    /// On a server, where there is one.
    pub async fn postgres() -> Option<TestStore> {
        Some(TestStore::at(fresh_database().await?, None).await)
    }

    async fn at(url: String, folder: Option<tempfile::TempDir>) -> TestStore {
        let store = open(&url).await.expect("the store opens");
        store.migrate().await.expect("the schema comes up");
        TestStore { store, url, folder }
    }

    /// The URL of another store of the same kind, without a schema.
    pub async fn beside(&self) -> String {
        match &self.folder {
            Some(folder) => format!("sqlite://{}/another.db", folder.path().display()),
            None => fresh_database().await.expect("the server is there"),
        }
    }

    /// The same store, opened once more: what another process sees.
    pub async fn again(&self) -> SharedStore {
        open(&self.url).await.expect("the store opens again")
    }

    /// The same store, shared with a task.
    pub fn share(&self) -> SharedStore {
        self.store.clone()
    }
}

impl Deref for TestStore {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}
