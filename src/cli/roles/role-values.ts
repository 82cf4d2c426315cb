import type { roleSettings } from '../../config/role-settings.ts';
import type { ValuesOf } from '../../config/setting.ts';

/** What both roles can be told, as their options. */
export function roleOptions(values: ValuesOf<typeof roleSettings>) {
  return {
    peerPort: values.peerPort,
    peerHost: values.peerBind,
    peersFrom: values.peersFrom ?? [],
    maxPeers: values.maxPeers,
    // Lines that nobody would see are not made.
    accessLog: values.accessLog && (values.logLevel === 'info' || values.logLevel === 'debug'),
    link: {
      upload: values.uploadRate ?? values.rate,
      download: values.downloadRate ?? values.rate,
      hours: values.rateHours ?? [],
    },
  };
}
