-- Makes the files of WAL that a server which has been running for a while has: each is written full of zeros and
-- synced when it is new, tens of milliseconds in which all that commits waits, and later used again.
do $$
begin
    for file in 1 .. pg_size_bytes(current_setting('min_wal_size')) / pg_size_bytes(current_setting('wal_segment_size')) loop
        perform pg_logical_emit_message(false, 'bench', '');
        perform pg_switch_wal();
    end loop;
end
$$;
checkpoint;
