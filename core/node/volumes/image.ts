import type { VolumeKind } from './volume.ts';

/** The files of an image, read only. It is pulled as a container's would be; what is pulled later under the same name changes nothing here. */
export const imageVolume: VolumeKind = async c => {
  const { reference = '', pullPolicy = '' } = c.volume.image ?? {};
  const { path, id } = await c.image(reference, pullPolicy, c.dir);
  return { hostPath: path, readOnly: true, imageId: id };
};
