//! Bringing the tables of a store up to date.

use crate::{
    migration::{MigrateError, Migration, plan},
    sqlite::migrations::{applied, migrate},
    store::{Inner, Store},
};

impl Store {
    /// Brings the tables up to date; answers the versions taken now. `now` is in microseconds. Several processes may
    /// try at once: each step is taken once.
    ///
    /// # Errors
    /// [`MigrateError`]; the steps before a failed one are kept.
    pub async fn migrate(&self, steps: &'static [Migration], now: i64) -> Result<Vec<i64>, MigrateError> {
        match &self.inner {
            Inner::Sqlite(store) => store.admin(move |conn| migrate(conn, steps, now)).await?,
            Inner::InLine(store) => store.admin(|conn| migrate(conn, steps, now)),
            Inner::Postgres(store) => store.migrate(steps, now).await,
        }
    }

    /// The versions that [`Store::migrate`] would take. For readiness and for diagnosis; changes nothing.
    ///
    /// # Errors
    /// [`MigrateError`] when the history does not fit this program or cannot be read.
    pub async fn pending(&self, steps: &'static [Migration]) -> Result<Vec<i64>, MigrateError> {
        let applied = match &self.inner {
            Inner::Sqlite(store) => store.admin(|conn| applied(conn)).await??,
            Inner::InLine(store) => store.admin(|conn| applied(conn))?,
            Inner::Postgres(store) => store.applied().await?,
        };
        Ok(plan(steps, &applied)?.iter().map(|step| step.version).collect())
    }
}
