from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy, PolicyConfigSchema
def titles(args, report):
    if args.resource_type.endswith(":Group"):
        report("title")
def limit(args, report):
    most = args.get_config().get("most")
    if args.resource_type.endswith(":Group"):
        report(f"most is {most}")
PolicyPack("good", [
  ResourceValidationPolicy(name="titles", description="T.", validate=titles, enforcement_level=EnforcementLevel.ADVISORY),
  ResourceValidationPolicy(name="limit", description="L.", validate=limit, enforcement_level=EnforcementLevel.DISABLED, config_schema=PolicyConfigSchema(properties={"most": {"type": "integer", "default": 7}})),
])
