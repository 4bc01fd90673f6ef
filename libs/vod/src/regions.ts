import { jobTypes, type JobType } from '@app/domain';
import { catalogue } from './types';
import { vodRegions } from './types/regions';

/** What VOD offers where; a region without any is one of VOD's all the same. */
export const regionFeatures: Readonly<Record<string, readonly JobType[]>> = Object.fromEntries(
  vodRegions.map((region) => [region, jobTypes.filter((type) => offers(region, type))]),
);

export function offers(region: string, type: JobType): boolean {
  return (catalogue[type].regions as readonly string[]).includes(region);
}
