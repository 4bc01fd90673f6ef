import { DEFAULT_APP } from '../media';
import { printedSetting, readSetting } from '../message-callbacks';
import { type AdmittedCall, type OperationOutcome, type Service, done, refuse } from './service';

export function setMessageCallback({ messageCallbacks }: Service, call: AdmittedCall): OperationOutcome {
  const setting = readSetting(call.parameters);
  if ('refusal' in setting) return refuse(setting.refusal);
  messageCallbacks.set(call.region, appIdOf(call), setting);
  return done({});
}

/** What is answered where nothing was set is in no page: nothing here. */
export function getMessageCallback({ messageCallbacks }: Service, call: AdmittedCall): OperationOutcome {
  const setting = messageCallbacks.find(call.region, appIdOf(call));
  return done(setting ? { MessageCallback: printedSetting(setting, appIdOf(call)) } : {});
}

export function deleteMessageCallback({ messageCallbacks }: Service, call: AdmittedCall): OperationOutcome {
  messageCallbacks.delete(call.region, appIdOf(call));
  return done({});
}

function appIdOf({ parameters }: AdmittedCall): string {
  return parameters.get('AppId') || DEFAULT_APP;
}
