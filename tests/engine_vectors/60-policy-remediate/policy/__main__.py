from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy, StackValidationPolicy, PolicyConfigSchema, Severity, ResourceValidationPolicy
def no_admin(args):
    if "admin" in args.props.get("roles", []):
        props = dict(args.props)
        props["roles"] = [r for r in args.props["roles"] if r != "admin"]
        return props
def tag(args):
    if args.resource_type.endswith(":User"):
        return {**args.props, "tag": f"by {args.name}"}
    return None
def owner_known(args, report):
    if args.resource_type.endswith(":Group") and args.props["owner"].startswith("x"):
        report("bad owner")
def still(args, report):
    if "owner" in args.props.get("roles", []):
        report("owner stays")
def no_fix(args): 
    return None
def stacky(args, report):
    for r in args.resources:
        if r.resource_type.endswith(":User"):
            report(f"user {r.name} has {sorted(r.props['roles'])} of {r.provider.name if r.provider else None} parent {r.parent.name if r.parent else None}", r.urn)
        if r.resource_type.endswith(":Grant"):
            report(f"grant depends on {sorted(d.name for d in r.dependencies)} {sorted(r.property_dependencies)}")
def conf(args, report):
    if args.resource_type.endswith(":User"):
        report(f"limit {sorted(args.get_config().items())}")
def na(args, report):
    args.not_applicable("nothing")
PolicyPack("fix", [
    ResourceValidationPolicy(name="no-admin", description="No admins.", validate=None, remediate=no_admin, enforcement_level=EnforcementLevel.REMEDIATE),
    ResourceValidationPolicy(name="tag", description="Tag.", remediate=tag, enforcement_level=EnforcementLevel.REMEDIATE),
    ResourceValidationPolicy(name="owner", description="Owner.", validate=owner_known, enforcement_level=EnforcementLevel.MANDATORY),
    ResourceValidationPolicy(name="still", description="Still.", validate=still, remediate=no_fix, enforcement_level=EnforcementLevel.REMEDIATE, severity=Severity.HIGH),
    ResourceValidationPolicy(name="conf", description="Conf.", validate=conf, enforcement_level=EnforcementLevel.ADVISORY, config_schema=PolicyConfigSchema(properties={"most": {"type": "integer", "default": 3}, "who": {"type": "string", "default": "all"}})),
    ResourceValidationPolicy(name="na", description="Na.", validate=na, enforcement_level=EnforcementLevel.MANDATORY),
    StackValidationPolicy(name="stacky", description="Stacky.", validate=stacky, enforcement_level=EnforcementLevel.ADVISORY),
    ResourceValidationPolicy(name="off", description="Off.", validate=still, enforcement_level=EnforcementLevel.DISABLED),
], initial_config={"conf": {"who": "some"}})
