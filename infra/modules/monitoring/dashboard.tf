# One page: what the night did, and how the services felt.

locals {
  charts = [
    {
      title = "Nightshift: events"
      query = "sum by (event, outcome) (increase(logging_googleapis_com:user_${google_logging_metric.events.name}[1h]))"
    },
    {
      title = "Functions: answers by class"
      query = "sum by (service_name, response_code_class) (increase(run_googleapis_com:request_count[5m]))"
    },
    {
      title = "Jobs: executions by result"
      query = "sum by (job_name, result) (increase(run_googleapis_com:job_completed_execution_count[1h]))"
    },
    {
      title = "Services: 95th percentile of latency, ms"
      query = "histogram_quantile(0.95, sum by (service_name, le) (rate(run_googleapis_com:request_latencies_bucket[5m])))"
    },
    {
      title = "Services: instances"
      query = "sum by (service_name, state) (avg_over_time(run_googleapis_com:container_instance_count[5m]))"
    },
    {
      title = "Databases: connections"
      query = "sum by (database_id) (avg_over_time(cloudsql_googleapis_com:database_postgresql_num_backends[5m]))"
    },
    {
      title = "Pub/Sub: messages that wait"
      query = "max by (subscription_id) (max_over_time(pubsub_googleapis_com:subscription_num_undelivered_messages[5m]))"
    },
    {
      title = "Databases: processor"
      query = "avg by (database_id) (avg_over_time(cloudsql_googleapis_com:database_cpu_utilization[5m]))"
    },
  ]
}

resource "google_monitoring_dashboard" "this" {
  project = var.project_id

  dashboard_json = jsonencode({
    displayName = "Nightshift"
    labels      = { nightshift = "" }
    mosaicLayout = {
      columns = 48
      tiles = [for index, chart in local.charts : {
        xPos   = 24 * (index % 2)
        yPos   = 16 * floor(index / 2)
        width  = 24
        height = 16
        widget = {
          title = chart.title
          xyChart = {
            dataSets = [{
              plotType        = "LINE"
              timeSeriesQuery = { prometheusQuery = chart.query }
            }]
          }
        }
      }]
    }
  })
}
