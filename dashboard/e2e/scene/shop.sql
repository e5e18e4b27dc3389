-- What run_query reads: a database and a role of its own, since the queue's may not be used for that.
create role shop login password 'shop';
create database shop owner shop;
revoke connect on database postgres from public;
