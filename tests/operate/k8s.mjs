// The manifests of deploy/k8s as Kubernetes would see them, and the desk's own rules for them.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseAllDocuments } from "yaml";
import { ROOT } from "../api/server.mjs";

export const K8S = join(ROOT, "deploy/k8s");
export const OVERLAYS = ["paper", "prod"];
const TYPES = join(ROOT, "tests/deploy/node_modules");

/** Where the type of each kind is: package and folder, for every API that the manifests use. */
const TYPE_OF = {
  "v1": "kubernetes-models/v1",
  "apps/v1": "kubernetes-models/apps/v1",
  "policy/v1": "kubernetes-models/policy/v1",
  "scheduling.k8s.io/v1": "kubernetes-models/scheduling.k8s.io/v1",
  "networking.k8s.io/v1": "kubernetes-models/networking.k8s.io/v1",
  "storage.k8s.io/v1": "kubernetes-models/storage.k8s.io/v1",
  "argoproj.io/v1alpha1": "@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1",
  "monitoring.coreos.com/v1": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
  "external-secrets.io/v1": "@kubernetes-models/external-secrets/external-secrets.io/v1",
};

/** All documents of a text; throws at the first mistake of its YAML. */
export function documents(text, name) {
  return parseAllDocuments(text, { uniqueKeys: true }).map((document) => {
    if (document.errors.length > 0) {
      throw new Error(`${name}: ${document.errors[0].message}`);
    }
    return document.toJS();
  });
}

function yamlFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? yamlFiles(path) : path.endsWith(".yaml") ? [path] : [];
  });
}

/** The manifests of base as they are written; kustomizations are not manifests. */
export function baseManifests() {
  return yamlFiles(join(K8S, "base"))
    .filter((file) => !file.endsWith("kustomization.yaml"))
    .flatMap((file) =>
      documents(readFileSync(file, "utf8"), file).map((manifest) => ({ from: relative(K8S, file), manifest })),
    );
}

/** kubectl with a kustomize of 5 or later, or why not. Older ones do not know what is used here. */
export function whyNoKustomize() {
  const asked = spawnSync("kubectl", ["version", "--client", "--output=json"], { encoding: "utf8" });
  if (asked.status !== 0) {
    return "no kubectl of Kubernetes here";
  }
  const version = JSON.parse(asked.stdout).kustomizeVersion ?? "none";
  return Number(/^v(\d+)/.exec(version)?.[1] ?? 0) >= 5 ? false : `kustomize of kubectl is ${version}, 5 is needed`;
}

export function kustomize(overlay, folder = join(K8S, "overlays")) {
  const done = spawnSync("kubectl", ["kustomize", join(folder, overlay)], { encoding: "utf8" });
  if (done.status !== 0) {
    throw new Error(`${overlay}: ${done.stderr}`);
  }
  return documents(done.stdout, overlay).map((manifest) => ({ from: overlay, manifest }));
}

const nameOf = ({ kind, metadata }) => `${kind} ${metadata?.name}`;

/**
 * Compiles each manifest as a literal of its type, in `folder`, and answers what the compiler says: a field that is
 * unknown, missing or of another type.
 */
export function typeProblems(manifests, folder) {
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, "node_modules"))) {
    symlinkSync(TYPES, join(folder, "node_modules"));
  }
  const names = new Map();
  const unknown = [];
  manifests.forEach(({ from, manifest }, at) => {
    const home = TYPE_OF[manifest.apiVersion];
    if (!home || !existsSync(join(TYPES, home, `${manifest.kind}.d.ts`))) {
      unknown.push(`${from} ${nameOf(manifest)}: no type for ${manifest.apiVersion} ${manifest.kind}`);
      return;
    }
    const file = `m${at}.ts`;
    names.set(file, `${from} ${nameOf(manifest)}`);
    const type = `I${manifest.kind}`;
    const literal = JSON.stringify(manifest, null, 1);
    writeFileSync(
      join(folder, file),
      `import type { ${type} } from "${home}/${manifest.kind}";\nexport const it: ${type} = ${literal};\n`,
    );
  });
  const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "esnext", "--moduleResolution", "node"];
  const tsc = join(ROOT, "tests/node_modules/.bin/tsc");
  const done = spawnSync(tsc, [...options, ...names.keys()], { cwd: folder, encoding: "utf8" });
  const said = done.stdout.split("\n").filter((line) => /^m\d+\.ts/.test(line));
  if (done.status !== 0 && said.length === 0) {
    throw new Error(`tsc: ${done.status} ${done.stdout}${done.stderr}`);
  }
  return [...unknown, ...said.map((line) => line.replace(/^(m\d+\.ts)/, (file) => names.get(file)))];
}

const WORKLOADS = ["StatefulSet", "Rollout", "Deployment", "DaemonSet", "Job", "Pod"];
const podOf = ({ kind, spec }) => (kind === "Pod" ? spec : spec.template.spec);
const fits = (selector, labels) =>
  Object.entries(selector?.matchLabels ?? {}).every(([name, value]) => labels[name] === value);

/** One that trades, or would. */
function engineContainerRules({ resources: { limits = {} } = {}, ...container }) {
  return [
    [/^\d+$/.test(limits.cpu ?? ""), `has ${limits.cpu} CPUs, which are not whole ones`],
    [container.startupProbe?.httpGet?.path === "/health/live", "waits at its start for what a venue may not say"],
    [container.livenessProbe?.httpGet?.path === "/health/live", "is not asked whether its engine beats"],
    [container.readinessProbe?.httpGet?.path === "/health/ready", "is not asked whether it is ready"],
  ];
}

function containerRules({ name, resources = {}, securityContext = {}, ...container }) {
  const { requests = {}, limits = {} } = resources;
  const rules = [
    ...(container.args?.[0] === "backup" ? [] : engineContainerRules({ resources, ...container })),
    [limits.cpu && limits.memory, "has no limits of CPU and memory"],
    [requests.cpu === limits.cpu && requests.memory === limits.memory, "requests other than it is limited to"],
    [securityContext.allowPrivilegeEscalation === false, "may gain privileges"],
    [securityContext.readOnlyRootFilesystem === true, "may write to its root"],
    [securityContext.privileged !== true, "is privileged"],
    [securityContext.capabilities?.drop?.includes("ALL"), "keeps capabilities"],
    [!securityContext.capabilities?.add, "adds capabilities"],
    [!container.env?.some((row) => row.valueFrom?.secretKeyRef), "has a secret in its environment"],
    [!container.command, "has a command: the image has nothing but its program"],
  ];
  return rules.filter(([holds]) => !holds).map(([, says]) => `container ${name} ${says}`);
}

function podRules(pod) {
  const context = pod.securityContext ?? {};
  const rules = [
    [context.runAsNonRoot === true && context.runAsUser === 65532, "does not run as 65532"],
    [context.seccompProfile?.type === "RuntimeDefault", "has no seccomp profile"],
    [pod.automountServiceAccountToken === false, "gets a token of the API server"],
    [!pod.hostNetwork && !pod.hostPID && !pod.hostIPC, "shares a name space with the node"],
    [!(pod.volumes ?? []).some((volume) => volume.hostPath), "mounts a folder of the node"],
    [pod.terminationGracePeriodSeconds >= 10, "is given less than 10 s to cancel its orders"],
  ];
  return rules.filter(([holds]) => !holds).map(([, says]) => says);
}

/** A container that makes copies of the engine's data, onto another claim. */
function backsUp({ containers: [engine, ...others] }) {
  const option = ({ args }, name) => args.flatMap((arg) => arg.split("=")).find((_arg, at, all) => all[at - 1] === name);
  const mount = (container, path) => container.volumeMounts.find(({ mountPath }) => path?.startsWith(`${mountPath}/`))?.name;
  const backup = others.find(({ args }) => args?.[0] === "backup");
  const data = option(engine, "--data");
  return (
    backup !== undefined &&
    option(backup, "--data") === data &&
    mount(backup, data) === mount(engine, data) &&
    ![undefined, mount(engine, data)].includes(mount(backup, option(backup, "--out"))) &&
    Number(option(backup, "--every")) <= 3600
  );
}

function engineRules(set, all) {
  const { spec } = set;
  const pod = spec.template.spec;
  const labels = spec.template.metadata.labels;
  const apart = pod.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const budgets = all.filter((it) => it.kind === "PodDisruptionBudget" && fits(it.spec.selector, labels));
  const args = pod.containers[0].args ?? [];
  const rules = [
    [spec.updateStrategy?.type === "OnDelete", "is updated by the controller, not by a person"],
    [
      (spec.volumeClaimTemplates ?? []).every((claim) => claim.spec.accessModes.join() === "ReadWriteOncePod"),
      "lets two pods have one journal",
    ],
    [apart.some((term) => term.topologyKey === "kubernetes.io/hostname" && fits(term.labelSelector, labels)),
      "lets two engines share a node"],
    [pod.tolerations?.some(({ effect }) => effect === "NoSchedule") && pod.nodeSelector, "has no nodes of its own"],
    [budgets.some((budget) => budget.spec.maxUnavailable === 0), "has no budget: a drain takes it away"],
    [backsUp(pod), "is backed up by nobody, or onto the volume that it is a backup of"],
    [args.some((arg) => arg.includes("shard-$(POD_INDEX)")), "does not choose its shard by its ordinal"],
  ];
  return rules.filter(([holds]) => !holds).map(([, says]) => says);
}

function networkRules(all, pods) {
  const policies = all.filter(({ kind }) => kind === "NetworkPolicy").map(({ spec }) => spec);
  const denies = policies.some(
    ({ podSelector, policyTypes, ingress, egress }) =>
      Object.keys(podSelector).length === 0 && policyTypes.length === 2 && !ingress && !egress,
  );
  const open = policies.flatMap(({ ingress = [] }) => ingress).some(({ from }) => !from || from.length === 0);
  const alone = pods.filter(
    (labels) => !["Ingress", "Egress"].every((type) =>
      policies.some(({ podSelector, policyTypes }) =>
        policyTypes.includes(type) && Object.keys(podSelector).length > 0 && fits(podSelector, labels))),
  );
  return [
    ...(denies ? [] : ["no policy denies everything first"]),
    ...(open ? ["a policy lets everybody in"] : []),
    ...alone.map((labels) => `no policy lets ${labels["app.kubernetes.io/name"]} reach anything`),
  ];
}

/** A secret of the venue's must not be where a shadow could read it. */
function shadowRules(rollout) {
  const secrets = rollout.spec.template.spec.volumes.map(({ secret }) => secret).filter(Boolean);
  const given = secrets.flatMap(({ items }) => items?.map(({ key }) => key) ?? ["everything"]);
  return [
    ...(rollout.spec.workloadRef ? ["refers to another workload: it cannot manage a StatefulSet"] : []),
    ...given.filter((key) => !["tls.crt", "tls.key", "metrics-token"].includes(key)).map((key) => `is given ${key}`),
  ];
}

/** What of our own rules does not hold; empty: all do. */
export function ruleProblems(manifests) {
  const all = manifests.map(({ manifest }) => manifest);
  const workloads = all.filter(({ kind }) => WORKLOADS.includes(kind));
  const problems = workloads.flatMap((workload) => [
    ...podRules(podOf(workload)).map((says) => `${nameOf(workload)} ${says}`),
    ...podOf(workload).containers.flatMap((container) =>
      containerRules(container).map((says) => `${nameOf(workload)}: ${says}`),
    ),
    ...(workload.kind === "StatefulSet" ? engineRules(workload, all) : []).map((says) => `${nameOf(workload)} ${says}`),
    ...(workload.kind === "Rollout" ? shadowRules(workload) : []).map((says) => `${nameOf(workload)} ${says}`),
  ]);
  return [...problems, ...networkRules(all, workloads.map(({ spec }) => spec.template.metadata.labels))];
}

/** Every image by a version: a tag that moves is none. */
export function imageProblems(images) {
  return images.flatMap((image) => {
    const [name, digest] = image.split("@");
    const tag = /:([^:/]+)$/.exec(name)?.[1];
    const isVersion = tag && tag !== "latest" && (!digest || /^sha256:[0-9a-f]{64}$/.test(digest));
    return isVersion ? [] : [`${image} names no version`];
  });
}

export function imagesOf(manifests) {
  return manifests
    .map(({ manifest }) => manifest)
    .filter(({ kind }) => WORKLOADS.includes(kind))
    .flatMap((workload) => podOf(workload).containers.map(({ image }) => image));
}
