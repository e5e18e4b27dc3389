select lane_id, status, n from task_status_count where n <> 0
