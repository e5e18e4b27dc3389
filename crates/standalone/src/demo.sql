begin;

create table if not exists customers (
    id integer primary key,
    name text not null,
    email text not null,
    country text not null,
    joined date not null
);
insert into customers values
    (1, 'Ada Blum', 'ada@example.com', 'Germany', '2023-02-11'),
    (2, 'Bo Nguyen', 'bo@example.com', 'Vietnam', '2023-05-30'),
    (3, 'Carla Reyes', 'carla@example.com', 'Mexico', '2023-11-02'),
    (4, 'Dele Okafor', 'dele@example.com', 'Nigeria', '2024-01-19'),
    (5, 'Eva Lind', 'eva@example.com', 'Sweden', '2024-03-08')
on conflict do nothing;

create table if not exists orders (
    id integer primary key,
    customer_id integer not null references customers,
    placed_at timestamptz not null,
    total numeric(10, 2) not null,
    status text not null check (status in ('open', 'paid', 'sent', 'returned'))
);
insert into orders values
    (101, 1, '2024-03-01 09:12+00', 49.90, 'sent'),
    (102, 2, '2024-03-01 17:40+00', 12.00, 'sent'),
    (103, 1, '2024-03-04 08:03+00', 230.50, 'returned'),
    (104, 3, '2024-03-05 21:55+00', 75.25, 'sent'),
    (105, 4, '2024-03-09 11:20+00', 18.75, 'paid'),
    (106, 5, '2024-03-10 14:31+00', 99.00, 'paid'),
    (107, 2, '2024-03-11 06:47+00', 64.10, 'paid'),
    (108, 3, '2024-03-12 19:08+00', 8.50, 'open'),
    (109, 1, '2024-03-12 23:59+00', 150.00, 'open'),
    (110, 5, '2024-03-13 10:15+00', 31.40, 'open')
on conflict do nothing;

-- The role reads these tables and can do nothing else, here or in any other database.
revoke all on database demo, postgres, template1 from public;
revoke all on schema public from public;
grant connect on database demo to demo_reader;
grant usage on schema public to demo_reader;
grant select on customers, orders to demo_reader;
alter role demo_reader set default_transaction_read_only = on;

commit;
