import type { ConfigFor } from '@app/config';
import { jobTypes, typeNames, type JobType } from '@app/domain';
import { catalogue, offers, regionFeatures, type ReadOutcome, type SubmitOutcome, type VodClient } from '@app/vod';
import { lacksPermission, policyPage, remedyFor } from '../remedies';
import { bad, ok, unanswered, type Finding } from './finding';
import { submissionOf } from './submission';

/**
 * No media and no job: VOD's ids are hexadecimal. What names it is refused by VOD when the key may call, and by its gateway when
 * it may not. Should VOD take a job of it all the same, that can only fail, and what fails isn't billed.
 */
export const nobody = 'missing0vodaidoctor0000000000000';

/** Whether there is an access key: without one nothing is sent. */
export async function checkCredentials(
  vod: VodClient,
  { vod: { credentials, regions } }: ConfigFor<'vod'>,
): Promise<Finding> {
  const about = { check: 'credentials', region: null };
  const outcome = await vod.listJobInfo(regions[0], nobody);
  if (outcome.outcome === 'blocked' && outcome.code === 'NoCredentials') {
    return bad(about, 'no access key, neither in the environment nor from the default chain', remedyFor(outcome.code));
  }
  return ok(about, `an access key from ${credentials === 'default-chain' ? 'the default chain' : 'the environment'}`);
}

/** What VOD offers in the region, by its documentation. */
export function checkOffer(region: string): Finding {
  const about = { check: 'types', region };
  const types = regionFeatures[region];
  if (types === undefined) {
    return bad(about, 'no page of VOD knows this region', 'look for a slip in VOD_REGIONS');
  }
  if (types.length > 0) return ok(about, types.map((type) => typeNames[type]).join(', '));
  const others = Object.keys(regionFeatures).filter((other) => regionFeatures[other]?.length);
  return bad(about, 'VOD offers no AI jobs here', `take it out of VOD_REGIONS; there are some in ${others.join(', ')}`);
}

/** Whether VOD answers this key at all: what stands in the way of every call is said once. */
export async function checkAccess(vod: VodClient, region: string, endpoint: string): Promise<Finding> {
  const about = { check: 'access', region };
  const outcome = await vod.listJobInfo(region, nobody);
  const proxy = vod.proxyTo(region);
  const way = `${new URL(endpoint).host}${proxy === null ? '' : ` through the proxy ${proxy}`}`;
  if (outcome.outcome === 'answered' || outcome.outcome === 'refused' || lacksPermission(outcome)) {
    return ok(about, `${way} knows the access key`);
  }
  const finding = unanswered(about, outcome);
  return { ...finding, says: `${way}: ${finding.says}` };
}

interface Probe {
  operation: string;
  ask: () => Promise<ReadOutcome<unknown> | SubmitOutcome>;
}

/** Each permission that the worker needs in this region, by a call that changes nothing and costs nothing. */
export function checkPermissions(vod: VodClient, region: string): Promise<Finding[]> {
  return Promise.all(probes(vod, region).map(async ({ operation, ask }) => judged(region, operation, await ask())));
}

function probes(vod: VodClient, region: string): Probe[] {
  const types = jobTypes.filter((type) => offers(region, type));
  const all = [
    ...types.map((type) => submitProbe(vod, region, type)),
    ...types.map((type) => {
      const { read } = catalogue[type];
      return { operation: read.operation, ask: () => vod.readJobs(region, read, [nobody]) };
    }),
    ...types.flatMap((type) => {
      const { fallback, details } = catalogue[type];
      return [fallback, ...(details ? [details] : [])].map((call) => ({
        operation: call.operation,
        ask: () => vod.readMedia(region, call, nobody),
      }));
    }),
    { operation: 'ListJobInfo', ask: () => vod.listJobInfo(region, nobody) },
  ];
  return [...new Map(all.map((probe) => [probe.operation, probe])).values()];
}

function submitProbe(vod: VodClient, region: string, type: JobType): Probe {
  const submission = submissionOf(type, nobody);
  return { operation: submission.operation, ask: () => vod.submit(region, submission) };
}

function judged(region: string, operation: string, outcome: ReadOutcome<unknown> | SubmitOutcome): Finding {
  const about = { check: `vod:${operation}`, region };
  switch (outcome.outcome) {
    case 'answered':
    case 'refused':
      return ok(about, 'allowed');
    case 'accepted': {
      const ids = outcome.jobs.map(({ vodJobId }) => vodJobId).join(', ');
      return ok(
        about,
        `allowed; VOD took a job of a media that does not exist (${ids}), which can only fail, and is free`,
      );
    }
    case 'busy':
    case 'unavailable':
      return unanswered(about, outcome);
    case 'not_sent':
    case 'unknown':
      return unanswered(about, { outcome: 'unavailable', cause: outcome.cause });
    case 'blocked': {
      const finding = unanswered(about, outcome);
      return lacksPermission(outcome) ? { ...finding, remedy: `allow vod:${operation}: ${policyPage}` } : finding;
    }
  }
}
