/** Two rows with one of VOD's JobIds: the second is refused by Postgres. */
export function isTakenJobId(error: unknown): boolean {
  return (error as { constraint?: unknown } | null)?.constraint === 'job_vod_job_id';
}
