import type { ConfigFor } from '@app/config';
import type { VodClient } from '@app/vod';
import { differences } from '../difference';
import { lacksPermission } from '../remedies';
import { targetsOf } from '../target';
import { bad, ok, skipped, unanswered, type Finding } from './finding';

/** Whether VOD sends the events of the region where the environment expects them: by either way when it has two. */
export async function checkCallback(vod: VodClient, config: ConfigFor<'vod'>, region: string): Promise<Finding> {
  const about = { check: 'callback settings', region };
  const targets = targetsOf(config, region);
  if (targets.length === 0) {
    return skipped(about, 'nothing to compare: neither VOD_CALLBACK_URL nor VOD_MNS_QUEUE is set here');
  }
  const { appId, callback } = config.vod;
  const answer = await vod.callbackSettings(region, appId);
  if (lacksPermission(answer)) {
    return skipped(about, 'not known, as this key may not ask: vod:GetMessageCallback, which a worker does without');
  }
  if (answer.outcome !== 'answered') return unanswered(about, answer);
  const current = answer.value;
  const { keys } = callback;
  // While a key is changed any of ours is right: the webhook takes them all.
  const keyAtVod = current.key !== null && keys.includes(current.key) ? current.key : (keys[0] ?? null);
  const found = targets.map((target) => {
    const wanted = target.callback.type === 'HTTP' ? { ...target.callback, key: keyAtVod } : target.callback;
    return { way: target.way, differs: differences(current, wanted, keys) };
  });
  const same = found.find(({ differs }) => differs.length === 0);
  if (same) return ok(about, same.way === 'url' ? 'events go to VOD_CALLBACK_URL' : 'events go to VOD_MNS_QUEUE');
  const nearest = found.toSorted((a, b) => a.differs.length - b.differs.length)[0]?.differs ?? [];
  const says = nearest.map(({ setting, is, ours }) => `${setting} is ${is}, not ${ours}`).join('; ');
  return bad(about, says, 'npm run vod:configure sets it');
}
