import { hexId } from '../chance';
import { readObject } from '../json';
import { refusals } from '../refusals';
import { TEMPLATE_TYPES, type TemplateType } from '../templates';
import { inSeconds } from '../times';
import { type AdmittedCall, type OperationOutcome, type Service, done, refuse } from './service';

const MAX_NAME_BYTES = 128;

export function addTemplate(service: Service, { region, parameters }: AdmittedCall): OperationOutcome {
  const name = parameters.get('TemplateName') ?? '';
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
    return refuse(refusals.invalidParameter('TemplateName', `It must not exceed ${MAX_NAME_BYTES} bytes.`));
  }
  const type = typeOf(parameters.get('TemplateType'));
  if (!type) return refuse(badType());
  const config = parameters.get('TemplateConfig') ?? '{}';
  if (!readObject(config)) return refuse(refusals.invalidParameter('TemplateConfig', 'It must be a JSON object.'));
  const templateId = hexId(service.chance);
  service.templates.add({ templateId, region, name, type, config, createdAt: service.clock() });
  return done({ TemplateId: templateId });
}

export function listTemplates(service: Service, { region, parameters }: AdmittedCall): OperationOutcome {
  const type = typeOf(parameters.get('TemplateType'));
  if (!type) return refuse(badType());
  const TemplateInfoList = service.templates.of(region, type).map(({ templateId, name, config, createdAt }) => ({
    TemplateId: templateId,
    TemplateName: name,
    TemplateType: type,
    TemplateConfig: config,
    Source: 'Custom',
    IsDefault: 'NotDefault',
    CreationTime: inSeconds(createdAt),
    ModifyTime: inSeconds(createdAt),
  }));
  return done({ TemplateInfoList });
}

function typeOf(text: string | undefined): TemplateType | undefined {
  return TEMPLATE_TYPES.find((type) => type === text);
}

function badType() {
  return refusals.invalidParameter('TemplateType', `It must be one of ${TEMPLATE_TYPES.join(', ')}.`);
}
