import os

from django.apps import apps
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
application = get_wsgi_application()
apps.get_app_config("workflows").bus.start()  # processes that serve dispatch; `manage.py migrate` does not
