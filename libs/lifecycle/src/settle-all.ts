/** Waits for all of them, whatever becomes of one: the trouble of one holds up no other. Then throws the first trouble. */
export async function settleAll<T>(parts: readonly Promise<T>[]): Promise<T[]> {
  const outcomes = await Promise.allSettled(parts);
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}
