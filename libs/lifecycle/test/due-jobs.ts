import type { Payload } from '@app/queue';
import type { World } from './world';

/** Copies of a job, each of a request of its own. */
export async function makeCopies(world: World, jobId: string | undefined, count: number): Promise<void> {
  await world.db.query(
    `with made as (select gen_random_uuid() as id from generate_series(1, $2::int)), asked as (
       insert into request
       select (jsonb_populate_record(request, jsonb_build_object('id', made.id))).*
         from made, job join request on request.id = job.request_id where job.id = $1
       returning id
     )
     insert into job
     select (jsonb_populate_record(job, jsonb_build_object(
              'id', asked.id, 'request_id', asked.id, 'natural_key', asked.id, 'holds_natural_key', false,
                'vod_job_id', case when vod_job_id is not null then asked.id::text end))).*
       from asked, job where job.id = $1`,
    [jobId, count],
  );
}

/** Ids of so many jobs that VOD has. */
export async function manyAtVod(world: World, count: number): Promise<string[]> {
  const jobs = await Promise.all(Array.from({ length: count }, (_, i) => world.atVod(`vodjob${i}`)));
  return jobs.map(({ id }) => id);
}

/** How many jobs each read that waits on the queue is for. */
export async function batchSizes(world: World): Promise<number[]> {
  return (await world.waiting<Payload<'collect'>>('collect')).map(({ jobIds }) => jobIds.length);
}

export async function countDue(world: World): Promise<number | undefined> {
  const [row] = await world.db.query<{ jobs: number }[]>('select count(*)::int as jobs from job where due_at <= $1', [
    world.now(),
  ]);
  return row?.jobs;
}
