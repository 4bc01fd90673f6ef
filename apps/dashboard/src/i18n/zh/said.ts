/**
 * What the server says in English in the middle of what the page says in Chinese: why a job is held or waits, what a look found, what is
 * wrong with a request. By the pattern of the sentence, `{…}` for what varies; what is not here is shown as the server says it. A
 * test compares the patterns with the sources of the server.
 */
export const said: Record<string, string> = {
  // libs/lifecycle/src/recover/words.ts: why nobody but a person can decide
  'VOD cannot be asked: {cause}': '无法查询视频点播：{cause}',
  '{count} jobs of VOD could be this one: {ids}': '视频点播有 {count} 个作业可能是此作业：{ids}',
  "VOD's job {id} is this one, or that of another job of this media that waits for its answer":
    '视频点播的作业 {id} 可能是此作业，也可能属于同一媒体另一个等待应答的作业',
  'VOD lists {ids}, and does not say what it is: it may be this one':
    '视频点播列出了 {ids}，但没有说明是什么作业：可能是此作业',
  'no event of VOD names it, and no rung that could prove its absence is switched on':
    '没有事件通知提到它，且没有启用能证明其不存在的查找方式',
  'VOD has received the request ({proof}), and yet this job of it cannot be found':
    '视频点播已收到该请求（{proof}），但找不到其中的此作业',
  'a job of the same call is there': '同一次调用的另一个作业存在',
  'it knows the nonce': '视频点播见过其随机数',
  'it was sent and proven absent {count} times, and its answer was lost once more':
    '已有 {count} 次提交被证明未到达，此次应答再次丢失',
  'VOD does not list it, and no other job of about the same time proves that its list is complete':
    '视频点播的列表中没有它，但没有同一时段的其他作业能证明列表完整',
  'VOD does not list it, but neither does it list {id}, which surely is there':
    '视频点播的列表中没有它，但确定存在的 {id} 也不在列表中',
  '{ids} and {count} more': '{ids} 等，另有 {count} 个',
  // libs/lifecycle/src/recover/words.ts: what a look found
  "VOD's job {id} was taken by another job meanwhile": '视频点播的作业 {id} 已属于另一个作业',
  'VOD took the same request now, and its answer does not list {type}':
    '视频点播此次受理了同一请求，但应答中没有 {type}',
  'VOD has seen its nonce before: the first call had arrived': '视频点播见过其随机数：之前的调用已到达',
  'the answer to the same request says nothing about the first one: {cause}':
    '对同一请求的应答不能说明之前的调用：{cause}',
  'an event of VOD came while its lists were read': '读取列表期间收到了事件通知',
  'something came while it was being decided': '判定期间有新的信息',
  'not decided yet: {cause}': '尚未判定：{cause}',
  '{count} jobs of VOD could be this one': '视频点播有 {count} 个作业可能是此作业',
  'one job of VOD could be this one, or that of another job of this media that waits':
    '视频点播有一个作业可能是此作业，也可能属于同一媒体另一个等待中的作业',
  'VOD could not be asked: {cause}': '未能查询视频点播：{cause}',
  'VOD lists {ids}, and does not say what it is': '视频点播列出了 {ids}，但没有说明是什么作业',
  'no event of VOD names it yet, and VOD does not list it': '尚无事件通知提到它，视频点播的列表中也没有',
  'no event of VOD names it yet': '尚无事件通知提到它',
  'an event of VOD echoes the Extend of this attempt': '一条事件通知带有此次提交的 Extend',
  'an event of VOD about a job of this media and type that no other job has':
    '一条事件通知涉及同一媒体和类型的作业，且不属于其他作业',
  'the only job of this media and type that VOD lists for the time of the attempt and that is not another’s':
    '视频点播在提交时段内列出的同一媒体和类型、且不属于其他作业的唯一作业',
  'VOD lists no such job of this media, though it lists {id} of about the same time':
    '视频点播没有列出该媒体的此作业，但列出了同一时段的 {id}',
  // libs/lifecycle: calls and reads
  "VOD's answer does not list {type}": '视频点播的应答中没有 {type}',
  'the worker stopped before it stored the answer': 'worker 在保存应答之前停止',
  "VOD's answer leaves this JobId out": '视频点播的应答中没有此 JobId',
  'VOD gave a status that is not documented: {status}': '视频点播返回了未公开的状态：{status}',
  'VOD gave no reason': '视频点播没有给出原因',
  'VOD gave no data': '视频点播没有返回数据',
  'VOD answered about another media': '视频点播的应答属于另一个媒体',
  'VOD answered with the JobId {id}, which belongs to another job': '视频点播返回的 JobId {id} 已属于另一个作业',
  'VOD answered with a JobId that belongs to another job': '视频点播返回的 JobId 已属于另一个作业',
  'VOD answered about a job of type {type}': '视频点播的应答属于 {type} 类型的作业',
  'the account cannot submit in {region} ({code})': '账号在 {region} 无法提交（{code}）',
  'as many jobs as allowed are at VOD': '视频点播的作业数已达上限',
  // libs/domain/src/decide.ts: the error of a job
  'VOD did not know the JobId in {count} reads in a row': '视频点播连续 {count} 次表示没有此 JobId',
  '{cause}, in {count} reads in a row': '{cause}，连续 {count} 次',
  'VOD had not finished the job by its deadline': '视频点播在期限前没有完成该作业',
  'given up by a person': '已由人工放弃',
  // libs/vod: why a call brought no answer
  'no access key was found where the credential chain looks': '在凭证链中没有找到 AccessKey',
  'no answer within {ms} ms': '{ms} 毫秒内没有应答',
  'the answer is not JSON': '应答不是 JSON',
  'the call failed': '调用失败',
  'HTTP {status} with {what}': 'HTTP {status}，{what}',
  'an answer that is not an object': '应答不是对象',
  'no error code': '没有错误码',
  'success without a usable {member}': '返回成功，但没有可用的 {member}',
  'an answer to {action} of an unexpected shape': '{action} 的应答格式不符',
  'refused: {code}': '被拒绝：{code}',
  'busy: {code}': '限流：{code}',
  'blocked: {code}': '账号受限：{code}',
  // libs/persistence/src/event.store.ts: why an event is only counted
  'over a limit for what no job here is known to be about: counted, not kept; the body is the beginning of the first':
    '超过了对未知作业通知的保存上限：只计数，不保存；正文为其中第一条的开头',

  // apps/api: why a request was refused
  'this needs the role {needed}; the key "{name}" is a {role}': '需要 {needed} 角色；密钥 “{name}” 是 {role}',
  'expected the header "Authorization: Bearer <API key>"': '需要请求头 “Authorization: Bearer <API 密钥>”',
  'this API key is not known': '未知的 API 密钥',
  'too many calls without a known API key came from this address': '此地址发来过多没有有效 API 密钥的请求',
  'this key makes more than {count} requests a second': '此密钥每秒的请求超过 {count} 个',
  'this key has as many {what} open as it may: {count}': '此密钥同时打开的 {what} 已达上限：{count}',
  'as many {what} are open in all as may be: {count}': '同时打开的 {what} 总数已达上限：{count}',
  'VOD does not offer {types} in {region}': '视频点播在 {region} 不提供 {types}',
  'expected the body that this Idempotency-Key came with first; take a new key':
    '此 Idempotency-Key 首次使用时的请求体不同；请使用新的 Idempotency-Key',
  'there is no request {id}': '没有请求 {id}',
  'there is no job {id}': '没有作业 {id}',
  'the record of job {id} was kept until {day}': '作业 {id} 的记录保留到 {day}',
  'the record of request {id} was kept until {day}': '请求 {id} 的记录保留到 {day}',
  'this Idempotency-Key was accepted on {accepted} as request {id}, whose record was kept until {day}; nothing was enqueued now, and a new key would be a new request':
    '此 Idempotency-Key 已于 {accepted} 受理为请求 {id}，其记录保留到 {day}；此次没有提交任何作业，使用新的 Idempotency-Key 将成为新请求',
  'the record of its job was kept until {day}': '其作业的记录保留到 {day}',
  'there is no event {id}': '没有事件通知 {id}',
  'the event is {verdict}; this works with one that is {verdicts}':
    '事件通知的判定为 {verdict}；可重新处理的判定：{verdicts}',
  'the event does not say of which job, or how it ended: there is nothing to look for':
    '事件通知没有说明是哪个作业或其结果：没有可处理的内容',
  // libs/persistence/src/event.matcher.ts, whose-event.ts: what became of an event
  'not the end of a job of ours': '不是本系统作业的完成事件',
  'signature {signature}; of no job here': '签名 {signature}；与本系统的作业无关',
  // libs/vod/src/events.ts
  'not the end of a submitted AI job': '不是已提交的 AI 作业的完成事件',
  'there is no endpoint {id}': '没有推送地址 {id}',
  'there is no delivery {id}': '没有推送 {id}',
  'a client has {count} endpoints at most; remove one first': '每个客户端最多 {count} 个推送地址；请先删除一个',
  'the endpoint is paused, and nothing is sent to it; let it go on first': '推送地址已暂停，不会发送任何内容；请先恢复',
  'the delivery waits: it is made anyway': '推送正在等待，会自动进行',
  'nothing is sent to its endpoint any more, which was removed': '其推送地址已删除，不再发送任何内容',
  'the job is {state}; this works in {states}': '作业当前为 {state}；可执行的状态：{states}',
  'the job has moved on since: {now}; look at it again': '作业已有变化：{now}；请重新查看',
  'it is {state} now, at version {version}': '当前为 {state}，版本 {version}',
  'the job is {state}': '作业当前为 {state}',
  'VOD never had this job: there is no result that could be read': '视频点播从未收到此作业：没有可读取的结果',
  "another job has this JobId of VOD's; see GET /v1/jobs?vodJobId=": '此 JobId 已属于另一个作业；请按 VOD JobId 查找',
  'this process is stopping; come back with the same Last-Event-ID': '服务进程正在停止，稍后会自动重新连接',
  'there is nothing at this path': '该地址没有内容',
  'expected content-type: application/json': '需要 content-type: application/json',
  'the cause is in the log of this process': '原因见该进程的日志',
  'expected a JSON body': '需要 JSON 请求体',
  'expected UTF-8': '需要 UTF-8 编码',
  'a part of the path is too long': '路径过长',
  // libs/vod/src/job-config.ts
  'expected one of the keys {keys}': '键应为 {keys} 之一',
  'expected a comma list without blanks of {words}, got {got}':
    '应为以英文逗号分隔、不含空格的列表，可用值：{words}；实际为 {got}',
  'expected one of the keys {keys}, got {got}': '键应为 {keys} 之一，实际为 {got}',
  'expected an object, got {got}': '应为 JSON 对象，实际为 {got}',
  'expected letters, digits and _, got {got}': '应由字母、数字和下划线组成，实际为 {got}',
  'Suggestion is none of {suggestions}': 'Suggestion 不是 {suggestions} 之一',
  'expected true or false, got {got}': '应为 true 或 false，实际为 {got}',
  'expected {what} as text, got {got}': '应为{what}（字符串），实际为 {got}',
  'the id of a fingerprint library': '指纹库 ID',
  'the id of an AI template': 'AI 模板 ID',
  'expected ASR among the AnalyseTypes beside it: VOD gives a transcript only then':
    '同时设置的 AnalyseTypes 应包含 ASR：否则视频点播不提供语音文本',
  // libs/outbound/src/target.ts
  'expected a URL of https: without user and password': '应为不含用户名和密码的 https: URL',
  'its host was not found': '找不到其主机',
  'its host has an address to which nothing is ever sent': '其主机的地址任何时候都不允许访问',
  'its host has an address that is not public': '其主机的地址不是公网地址',
  'expected https:, as http: is only for addresses that DELIVERY_ALLOW names':
    '应为 https:；http: 只用于 DELIVERY_ALLOW 列出的地址',
  // libs/outbound/src/post.ts
  'no answer within {seconds} s': '{seconds} 秒内没有应答',
  'no connection in time': '未能及时建立连接',
  'no connection ({code})': '无法建立连接（{code}）',
  'its certificate is not trusted ({code})': '其证书不受信任（{code}）',
  'the connection broke ({code})': '连接中断（{code}）',
  // libs/lifecycle/src/deliver/deliver.ts
  'it answered with {status}': '应答状态为 {status}',
  'its endpoint has no secret': '推送地址没有密钥',
  // libs/contract/src/{endpoints,deliveries}.ts
  'expected a URL like https://shop.example/vodai, without user, password and fragment':
    '应为形如 https://shop.example/vodai 的 URL，不含用户名、密码和片段（#…）',
  'expected a time, as all since then are made again': '需要时间：此后的全部推送会重新进行',
  'expected a time after from': '应晚于 from 的时间',
  // libs/contract/src/inputs.ts
  'expected one of {values}, got {got}': '应为 {values} 之一，实际为 {got}',
  'expected 1 to 128 printable characters without blanks and commas': '应为 1 到 128 个可见字符，不含空格和逗号',
  'expected text without NUL': '文本中不能有 NUL',
  'expected 1 to 64 of A–Z a–z 0–9 _ . / -': '应为 1 到 64 个字符：A–Z a–z 0–9 _ . / -',
  'expected at most {count} levels': '最多 {count} 层',
  'expected at most {count} bytes': '最多 {count} 字节',
  'expected at most {count} labels': '最多 {count} 个标签',
  '{type} is not among the types': '{type} 不在所选类型之中',
  'expected 1 to 255 printable ASCII characters': '应为 1 到 255 个可见 ASCII 字符',
  'expected a UUID': '应为 UUID',
  'expected a whole number': '应为整数',
  'expected the nextCursor of the page before': '应为上一页的 nextCursor',
  'expected ISO 8601, like 2026-11-22T09:00:00Z': '应为 ISO 8601 时间，例如 2026-11-22T09:00:00Z',
  'expected 1 to {count}': '应为 1 到 {count}',
  'expected key:value, like batch:2026-11, with a key of 1 to 64 of A–Z a–z 0–9 _ . / -; got {got}':
    '应为 键:值，例如 batch:2026-11，键为 1 到 64 个字符：A–Z a–z 0–9 _ . / -；实际为 {got}',
  'expected a duration of at most 60s, like 30s or 500ms': '应为不超过 60s 的时长，例如 30s 或 500ms',
  'expected each key once: a job has one value for it': '每个键只能出现一次：一个作业的每个键只有一个值',
};

/** The words of zod, with which the API describes input of the wrong shape. */
export const ofZod: Record<string, string> = {
  'Invalid input: expected {expected}, received {received}': '应为 {expected}，实际为 {received}',
  'Unrecognized key: {key}': '未知的字段：{key}',
  'Unrecognized keys: {keys}': '未知的字段：{keys}',
  'Invalid option: expected one of {values}': '应为 {values} 之一',
  'Too big: expected {what} to have <={count} items': '最多 {count} 项',
  'Too big: expected string to have <={count} characters': '最多 {count} 个字符',
  'Too small: expected string to have >={count} characters': '至少 {count} 个字符',
  'Too small: expected array to have >={count} items': '至少 {count} 项',
  'Too big: expected number to be <={count}': '最大为 {count}',
  'Too small: expected number to be >={count}': '最小为 {count}',
};

/** By the `code` of a problem whose text is not known here, or says no more than this. */
export const problems: Record<string, string> = {
  invalid_request: '请求无效',
  unauthorized: '需要 API 密钥',
  forbidden: '此 API 密钥没有权限',
  foreign_origin: '其他来源的页面没有权限',
  not_found: '未找到',
  no_result: '尚无结果',
  method_not_allowed: '不支持该方法',
  wrong_state: '处于其他状态',
  job_id_taken: '该 JobId 属于另一个作业',
  endpoint_paused: '推送地址已暂停',
  too_many_endpoints: '推送地址数量已达上限',
  request_dropped: '此 Idempotency-Key 已使用过，其请求的记录已删除',
  slow_body: '请求体传输过慢',
  too_large: '请求体过大',
  unsupported_media_type: '请求体不是 JSON',
  idempotency_mismatch: '此 Idempotency-Key 已用于其他请求体',
  unsupported_in_region: '该地域不提供此类型',
  too_many_requests: '请求过多',
  internal: '服务器内部错误',
  unavailable: '暂时无法连接数据库',
};
