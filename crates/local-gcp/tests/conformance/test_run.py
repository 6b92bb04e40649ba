"""google-cloud-run: services, the two layers of scaling, masks, etags and operations."""

from google.cloud import run_v2
from google.protobuf import field_mask_pb2
from local import DEADLINE, LOCATION, QUICK, Conformance, client


class Services(Conformance):
    @classmethod
    def setUpClass(cls):
        cls.services = client(run_v2.ServicesClient)
        cls.revisions = client(run_v2.RevisionsClient)

    def service(self, name, **fields):
        body = {"template": {"containers": [{"image": "example/web:1"}]}, **fields}
        operation = self.services.create_service(
            parent=LOCATION, service_id=name, service=run_v2.Service(body))
        return operation.result(timeout=DEADLINE, polling=QUICK)

    def patch(self, service, paths, **fields):
        mask = field_mask_pb2.FieldMask(paths=paths) if paths else None
        request = {"service": run_v2.Service({"name": service.name, **fields}), "update_mask": mask}
        return self.services.update_service(request=request)

    def made(self, service):
        return [revision.name for revision in self.revisions.list_revisions(parent=service.name)]

    def test_a_service_is_ready_when_its_operation_is_done(self):
        body = {"template": {"containers": [{"image": "example/web:1"}]}, "labels": {"team": "a"}}
        operation = self.services.create_service(
            parent=LOCATION, service_id="ready", service=run_v2.Service(body))
        self.assertEqual(operation.metadata.name, f"{LOCATION}/services/ready")
        self.assertTrue(operation.operation.name.startswith(f"{LOCATION}/operations/"))
        service = operation.result(timeout=DEADLINE, polling=QUICK)
        self.assertEqual(service.terminal_condition.state, run_v2.Condition.State.CONDITION_SUCCEEDED)
        self.assertFalse(service.reconciling)
        self.assertEqual(service.generation, service.observed_generation)
        self.assertEqual(service.latest_ready_revision, service.latest_created_revision)
        self.assertEqual(service.labels, {"team": "a"})
        self.assertTrue(service.uri.startswith("https://ready-"))
        self.assertEqual(self.services.get_service(name=service.name), service)

    def test_defaults_are_those_of_cloud_run(self):
        template = self.service("defaults").template
        self.assertEqual(template.max_instance_request_concurrency, 80)
        self.assertEqual(template.timeout.total_seconds(), 300)
        self.assertEqual(template.scaling.max_instance_count, 100)
        self.assertTrue(template.containers[0].resources.cpu_idle)

    def test_a_taken_or_bad_name_is_refused(self):
        self.service("taken")
        with self.refused("ALREADY_EXISTS"):
            self.service("taken")
        with self.refused("INVALID_ARGUMENT"):
            self.service("Bad_Name")
        with self.refused("NOT_FOUND", "does not exist"):
            self.services.get_service(name=f"{LOCATION}/services/none")

    def test_scaling_of_the_service_makes_no_revision(self):
        before = self.service("floor", annotations={"kept": "yes"})
        after = self.patch(before, ["scaling.min_instance_count"], scaling={"min_instance_count": 3}).result(timeout=DEADLINE, polling=QUICK)
        self.assertEqual(after.scaling.min_instance_count, 3)
        self.assertEqual(after.annotations, {"kept": "yes"})
        self.assertEqual(after.template, before.template)
        self.assertEqual(after.latest_created_revision, before.latest_created_revision)
        self.assertEqual(after.generation, before.generation + 1)
        self.assertEqual(len(self.made(before)), 1)

    def test_scaling_of_the_revision_makes_one(self):
        before = self.service("revision")
        template = run_v2.RevisionTemplate(before.template)
        template.scaling.min_instance_count = 1
        after = self.patch(before, ["template.scaling.min_instance_count"], template=template).result(timeout=DEADLINE, polling=QUICK)
        self.assertEqual(after.template.scaling.min_instance_count, 1)
        self.assertNotEqual(after.latest_ready_revision, before.latest_ready_revision)
        self.assertEqual(self.made(before), [after.latest_ready_revision, before.latest_ready_revision])

    def test_a_masked_field_that_is_not_sent_is_cleared(self):
        before = self.service("cleared", scaling={"min_instance_count": 2}, labels={"a": "b"})
        after = self.patch(before, ["scaling.min_instance_count", "labels"]).result(timeout=DEADLINE, polling=QUICK)
        self.assertEqual((after.scaling.min_instance_count, after.labels), (0, {}))

    def test_manual_mode_takes_the_minimum_and_automatic_mode_wants_both_or_neither(self):
        before = self.service("manual", scaling={"min_instance_count": 2, "max_instance_count": 9})
        manual = self.patch(before, ["scaling.scaling_mode"], scaling={"scaling_mode": "MANUAL"}).result(timeout=DEADLINE, polling=QUICK)
        self.assertEqual(manual.scaling.manual_instance_count, 2)
        self.assertEqual((manual.scaling.min_instance_count, manual.scaling.max_instance_count), (0, 0))
        with self.refused("INVALID_ARGUMENT"):
            self.patch(
                before, ["scaling.scaling_mode", "scaling.min_instance_count"],
                scaling={"scaling_mode": "AUTOMATIC", "min_instance_count": 1})
        off = self.patch(before, ["scaling.manual_instance_count"], scaling={"manual_instance_count": 0})
        self.assertEqual(off.result(timeout=DEADLINE, polling=QUICK).scaling.manual_instance_count, 0)
        automatic = self.patch(
            before, ["scaling.scaling_mode", "scaling.min_instance_count", "scaling.max_instance_count"],
            scaling={"scaling_mode": "AUTOMATIC", "min_instance_count": 1, "max_instance_count": 4}).result(timeout=DEADLINE, polling=QUICK)
        self.assertEqual((automatic.scaling.min_instance_count, automatic.scaling.max_instance_count), (1, 4))

    def test_a_minimum_above_the_maximum_is_refused(self):
        service = self.service("bounds", scaling={"max_instance_count": 3})
        with self.refused("INVALID_ARGUMENT"):
            self.patch(service, ["scaling.min_instance_count"], scaling={"min_instance_count": 4})

    def test_an_old_etag_conflicts(self):
        before = self.service("conflict")
        self.patch(before, ["labels"], labels={"a": "1"}, etag=before.etag).result(timeout=DEADLINE, polling=QUICK)
        with self.refused("ABORTED"):
            self.patch(before, ["labels"], labels={"a": "2"}, etag=before.etag)
        self.assertEqual(self.services.get_service(name=before.name).labels, {"a": "1"})

    def test_reserved_annotations_and_unknown_masks_are_refused(self):
        service = self.service("reserved")
        with self.refused("INVALID_ARGUMENT"):
            self.patch(service, ["annotations"], annotations={"run.googleapis.com/x": "y"})
        with self.refused("INVALID_ARGUMENT"):
            self.patch(service, ["scaling.nonsense"])

    def test_without_a_mask_the_service_is_replaced(self):
        before = self.service("replaced", labels={"a": "b"}, scaling={"min_instance_count": 1})
        after = self.patch(before, None, template=before.template).result(timeout=DEADLINE, polling=QUICK)
        self.assertEqual((after.labels, after.scaling.min_instance_count), ({}, 0))

    def test_a_named_revision_with_another_template_collides(self):
        before = self.service("named", template={"revision": "named-one", "containers": [{"image": "a"}]})
        with self.refused("ALREADY_EXISTS", "with different configuration already exists"):
            self.patch(before, ["template"], template={"revision": "named-one", "containers": [{"image": "b"}]})

    def test_validate_only_changes_nothing(self):
        before = self.service("validated")
        request = {
            "service": {"name": before.name, "scaling": {"min_instance_count": 5}},
            "update_mask": {"paths": ["scaling"]}, "validate_only": True,
        }
        answered = self.services.update_service(request=request).result(timeout=DEADLINE, polling=QUICK)
        self.assertEqual(answered.scaling.min_instance_count, 5)
        self.assertEqual(self.services.get_service(name=before.name), before)

    def test_lists_come_in_pages_and_never_of_all_regions(self):
        for n in range(3):
            self.service(f"page-{n}")
        request = {"parent": LOCATION, "page_size": 2}
        pages = list(self.services.list_services(request=request).pages)
        self.assertEqual(len(pages[0].services), 2)
        names = {service.name.rpartition("/")[2] for page in pages for service in page.services}
        self.assertLessEqual({"page-0", "page-1", "page-2"}, names)
        with self.refused("INVALID_ARGUMENT", "wildcard"):
            list(self.services.list_services(parent="projects/demo/locations/-"))

    def test_a_deleted_service_takes_its_revisions_along(self):
        service = self.service("deleted")
        self.services.delete_service(name=service.name).result(timeout=DEADLINE, polling=QUICK)
        with self.refused("NOT_FOUND"):
            self.services.get_service(name=service.name)
        with self.refused("NOT_FOUND"):
            self.revisions.get_revision(name=service.latest_ready_revision)

    def test_policies_are_kept(self):
        service = self.service("policy")
        binding = {"role": "roles/run.invoker", "members": ["allUsers"]}
        self.services.set_iam_policy({"resource": service.name, "policy": {"bindings": [binding]}})
        policy = self.services.get_iam_policy({"resource": service.name})
        self.assertEqual([(b.role, list(b.members)) for b in policy.bindings], [("roles/run.invoker", ["allUsers"])])


class Jobs(Conformance):
    @classmethod
    def setUpClass(cls):
        cls.jobs = client(run_v2.JobsClient)
        cls.executions = client(run_v2.ExecutionsClient)
        cls.tasks = client(run_v2.TasksClient)

    def job(self, name, **template):
        task = {"containers": [{"image": "example/job:1", "args": ["run"]}]}
        body = {"template": {"template": task, **template}}
        return self.jobs.create_job(parent=LOCATION, job_id=name, job=run_v2.Job(body)).result(timeout=DEADLINE, polling=QUICK)

    def test_a_job_is_made_with_its_defaults(self):
        job = self.job("defaults")
        task = job.template.template
        self.assertEqual((task.max_retries, task.timeout.total_seconds()), (3, 600))
        self.assertEqual(job.template.task_count, 1)
        self.assertEqual(job.execution_count, 0)

    def test_a_run_makes_an_execution_with_tasks(self):
        job = self.job("runs", task_count=3)
        operation = self.jobs.run_job(name=job.name)
        execution = operation.result(timeout=DEADLINE, polling=QUICK)
        self.assertTrue(execution.name.startswith(f"{job.name}/executions/runs-"))
        self.assertEqual((execution.task_count, execution.succeeded_count), (3, 3))
        self.assertEqual(self.executions.get_execution(name=execution.name), execution)
        self.assertEqual([e.name for e in self.executions.list_executions(parent=job.name)], [execution.name])
        tasks = list(self.tasks.list_tasks(parent=execution.name))
        self.assertEqual([task.index for task in tasks], [0, 1, 2])
        self.assertEqual(len({task.uid for task in tasks}), 3)
        self.assertEqual(self.tasks.get_task(name=tasks[2].name), tasks[2])
        job = self.jobs.get_job(name=job.name)
        self.assertEqual(job.execution_count, 1)
        succeeded = run_v2.ExecutionReference.CompletionStatus.EXECUTION_SUCCEEDED
        self.assertEqual(job.latest_created_execution.completion_status, succeeded)

    def test_overrides_are_of_one_run(self):
        job = self.job("overridden")
        overrides = {"task_count": 2, "container_overrides": [{"args": ["once"], "env": [{"name": "A", "value": "1"}]}]}
        execution = self.jobs.run_job(request={"name": job.name, "overrides": overrides}).result(timeout=DEADLINE, polling=QUICK)
        container = execution.template.containers[0]
        self.assertEqual((execution.task_count, list(container.args), container.env[0].value), (2, ["once"], "1"))
        self.assertEqual(list(self.jobs.get_job(name=job.name).template.template.containers[0].args), ["run"])

    def test_a_job_is_replaced_under_its_etag(self):
        job = self.job("replaced")
        etag = job.etag
        job.template.task_count = 5
        changed = self.jobs.update_job(job=job).result(timeout=DEADLINE, polling=QUICK)
        self.assertEqual((changed.template.task_count, changed.generation), (5, 2))
        job.etag = etag
        with self.refused("ABORTED"):
            self.jobs.update_job(job=job)

    def test_a_deleted_job_takes_its_executions_along(self):
        job = self.job("deleted")
        execution = self.jobs.run_job(name=job.name).result(timeout=DEADLINE, polling=QUICK)
        self.jobs.delete_job(name=job.name).result(timeout=DEADLINE, polling=QUICK)
        with self.refused("NOT_FOUND"):
            self.executions.get_execution(name=execution.name)
        with self.refused("NOT_FOUND"):
            self.jobs.run_job(name=job.name)


class WorkerPools(Conformance):
    def test_a_worker_pool_is_scaled_by_hand_without_a_revision(self):
        pools = client(run_v2.WorkerPoolsClient)
        body = {"template": {"containers": [{"image": "example/worker:1"}]}, "scaling": {"manual_instance_count": 1}}
        pool = pools.create_worker_pool(
            parent=LOCATION, worker_pool_id="queue", worker_pool=run_v2.WorkerPool(body)).result(timeout=DEADLINE, polling=QUICK)
        changed = pools.update_worker_pool(
            worker_pool={"name": pool.name, "scaling": {"manual_instance_count": 4}},
            update_mask=field_mask_pb2.FieldMask(paths=["scaling.manual_instance_count"])).result(timeout=DEADLINE, polling=QUICK)
        self.assertEqual(changed.scaling.manual_instance_count, 4)
        self.assertEqual(changed.latest_ready_revision, pool.latest_ready_revision)
        self.assertEqual([p.name for p in pools.list_worker_pools(parent=LOCATION)], [pool.name])
