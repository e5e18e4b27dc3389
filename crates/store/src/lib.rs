//! Every SQL statement: the ports on Postgres, migrations, and the LISTEN connection.
